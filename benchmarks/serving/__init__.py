"""What is measured: servers with databases of their own, the study on them, and the processor time that they use."""
