"""The code of the book: experiments, figures, and the build."""
