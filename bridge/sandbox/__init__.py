"""A stand-in Propexo that behaves like the contract, for the demo and the tests."""
