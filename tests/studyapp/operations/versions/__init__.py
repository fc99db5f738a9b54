"""Databases as earlier versions left them, with people in the middle of their runs; `make.py` made them."""
