"""From notebooks and profiles to executed pages and HTML."""
