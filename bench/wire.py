"""
A wire between hosts of one machine: every packet takes so long, and a share of them is lost.

Linux's netem does this too, where the kernel has it. Here each host's only line is a TAP device, whose other end
this process holds: it reads whole Ethernet frames and writes them again later, or not. The hosts' own TCP does the
rest. The devices are gone when their ends are closed, so that nothing is left behind, whatever ends the process.
"""

import fcntl
import os
import random
import select
import struct
import time
from collections import deque
from collections.abc import Callable

TUN, TUNSETIFF, IFF_TAP, IFF_NO_PI = "/dev/net/tun", 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
FRAME = 65536  # bytes, at most
LOOK = 0.1  # s between two looks at whether it is over


class Wire:
    """A switch with an end for each host."""

    def __init__(self, latency: float, loss: float, seed: int = 401) -> None:
        self.latency, self.loss = latency, loss  # s one way, and a share of 1
        self.carried = self.lost = 0
        self._chance = random.Random(seed)  # noqa: S311 - a seed is the point
        self._ends: list[int] = []
        self._where: dict[bytes, int] = {}  # the end behind which an address was seen
        self._under_way: deque[tuple[float, int, bytes]] = deque()

    def attach(self, device: str) -> None:
        """Make the device in the network namespace that this thread is in, and hold its other end."""
        end = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TAP | IFF_NO_PI))
        self._ends.append(end)

    def carry(self, until: Callable[[], bool]) -> None:
        """Carry until that is so; it is asked every LOOK."""
        look = 0.0
        while (now := time.monotonic()) < look or not until():
            look = look if now < look else now + LOOK
            soonest = self._under_way[0][0] if self._under_way else look
            for end in select.select(self._ends, (), (), max(0.0, min(soonest, look) - now))[0]:
                self._take_all(end)
            self.deliver(time.monotonic(), os.write)

    def _take_all(self, end: int) -> None:
        while True:
            try:
                frame = os.read(end, FRAME)
            except BlockingIOError:
                return
            self.take(end, frame, time.monotonic())

    def take(self, end: int, frame: bytes, now: float) -> None:
        """Take a frame in, or lose it."""
        self._where[frame[6:12]] = end
        self.carried += 1
        if self._chance.random() < self.loss:
            self.lost += 1
        else:
            self._under_way.append((now + self.latency, end, frame))

    def deliver(self, now: float, write: Callable[[int, bytes], object]) -> None:
        """Let out what has been under way for long enough: to whom it is for, or to everybody."""
        while self._under_way and self._under_way[0][0] <= now:
            _, came_by, frame = self._under_way.popleft()
            known = self._where.get(frame[:6])
            for end in self._ends if known is None else (known,):
                if end != came_by:
                    try:
                        write(end, frame)
                    except OSError:  # the host is gone or its queue is full: lost, as on any wire
                        self.lost += 1

    def __str__(self) -> str:
        share = 100 * self.lost / self.carried if self.carried else 0.0
        return f"{self.carried} packets, {self.lost} lost ({share:.2f} %), {1000 * self.latency:g} ms each way"
