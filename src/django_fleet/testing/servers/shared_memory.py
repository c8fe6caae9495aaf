"""The System V shared memory that a killed PostgreSQL server leaves to the system."""

import ctypes

_IPC_RMID = 0


def remove_segment(segment: int) -> None:
    """Mark the segment for removal (``ipcrm -m``); one that is gone already is no error."""
    ctypes.CDLL(None).shmctl(segment, _IPC_RMID, None)
