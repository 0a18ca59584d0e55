def test_book_reschedule_cancel(world):
    booked = world.book()
    world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    assert [(one.appointment_date, one.appointment_time) for one in world.tours] == [("2026-12-03", "10:30:00")]

    moved = world.reschedule()
    world.run()
    assert world.status(moved) == ("written", None), world.event(moved).detail
    assert [(one.appointment_date, one.appointment_time) for one in world.tours] == [("2026-12-04", "13:00:00")]

    cancelled = world.cancel()
    world.run()
    assert world.status(cancelled) == ("written", None), world.event(cancelled).detail
    assert world.tours == []
    assert len(world.sandbox.leads) == 1
