"""Coding of free text: what is to be read, what each coder found in it, and how far the coders agree.

Coders are blind: a passage reaches them as its words, the question and the class it is about, in an order drawn at
random once for the study. It is the same for all coders, so that from the first hour on there are passages that
several have read, and whatever was read is a random sample. Suggestions come from a coder's own earlier readings,
never from another's, which would make coders agree that have not.
"""
