"""Would the tests notice a mistake? Small mistakes are made in a copy of the sources, and the nearest tests are run.

`sets` says which sources belong to which tests, `mutants` which mistakes are made, `worker` runs the tests in a copy of
the project, and `python -m tests.mutation SET` puts them together and prints what survived.
"""
