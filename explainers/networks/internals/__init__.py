"""Looking into the user's network: its layers, what is active there, what its tokens attend to."""
