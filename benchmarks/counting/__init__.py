"""What researchers do at the desk, step by step in a browser, with clicks and keys counted."""
