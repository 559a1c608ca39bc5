"""What a network is, has learnt and gets wrong, to be looked at: plots and a page."""
