"""What the notebooks share: thin helpers around the real libraries."""

from helpers.openmp import sleep_while_waiting

sleep_while_waiting()  # before any helper imports torch
