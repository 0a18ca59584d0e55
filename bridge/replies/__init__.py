"""Answers of chats in the same call: confirmations, free times, and the chosen time."""
