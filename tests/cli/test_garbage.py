"""When the garbage collector runs."""

import gc
import weakref

from bridge.cli.garbage import loading


class Cycle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self):
        self.itself = self


def test_nothing_is_collected_while_modules_load():
    with loading():
        assert not gc.isenabled()
        with loading():  # as where a command loads another one's modules
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_loaded_is_left_alone_afterwards():
    with loading():
        loaded = weakref.ref(Cycle())
    later = weakref.ref(Cycle())
    gc.collect()
    assert loaded() is not None
    assert later() is None
    gc.unfreeze()
    gc.collect()
    assert loaded() is None


def test_an_error_does_not_leave_the_collector_off():
    try:
        with loading():
            raise ImportError
    except ImportError:
        pass
    assert gc.isenabled()
