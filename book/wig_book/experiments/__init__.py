"""One module per question; the pages in notebooks/ call them."""
