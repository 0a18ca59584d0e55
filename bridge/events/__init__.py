"""Events as operators see them, and their actions."""
