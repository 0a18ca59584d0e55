"""What a chat answers in the same call: what was understood, free times, and which of them was chosen."""
