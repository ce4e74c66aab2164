"""How the book is made: what pages there are and which parameters they take, and the HTML around them."""
