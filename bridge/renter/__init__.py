"""The renter's own link: one page that shows a tour, moves it to another free time or cancels it."""
