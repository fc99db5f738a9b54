"""Methods × models × metrics over a folder of photographs: one table, one page with the pictures side by side, CSV."""
