"""Figures of the pages; each draws a table and computes no result."""
