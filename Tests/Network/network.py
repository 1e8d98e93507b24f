"""Hosts of their own on one machine: network namespaces on a switch that delays, loses and cuts.

The switch runs in this process: each host has a TUN device whose packets it hands on by their address. It does what
`tc netem` does, whose kernel module is not there on every machine. Linux, as root. Standard library only.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def missing():
    """What is not there of what a network needs; None if all is."""
    if os.geteuid() != 0:
        return "it has to be run as root: it makes network namespaces"
    for program in ("ip", "nsenter", "setpriv"):
        if subprocess.run(["sh", "-c", f"command -v {program}"], capture_output=True).returncode != 0:
            return f"`{program}` is not installed: apt-get install iproute2 util-linux"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun: the kernel has no TUN devices"
    done = subprocess.run(["ip", "netns", "add", f"outerloop-{os.getpid()}"], capture_output=True, text=True)
    if done.returncode != 0:
        return f"no network namespace can be made: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", f"outerloop-{os.getpid()}"], check=True)
    return None


class Host:
    def __init__(self, name, number):
        self.name, self.namespace = name, f"outerloop-{os.getpid()}-{name}"
        self.address = f"10.77.0.{number}"
        self.delay, self.loss, self.is_cut = 0.0, 0.0, False
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        self.tun = self._device()
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{self.address}/24", "dev", "net0"],
                      ["link", "set", "net0", "up"]):
            subprocess.run(["ip", "-n", self.namespace, *words], check=True)

    def _device(self):
        """A TUN device, made inside of the namespace; its other end stays here."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        away = os.open(f"/run/netns/{self.namespace}", os.O_RDONLY)
        try:
            self._enter(away)
            try:
                tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"net0", IFF_TUN | IFF_NO_PI))
            finally:
                self._enter(home)
        finally:
            os.close(home)
            os.close(away)
        return tun

    @staticmethod
    def _enter(namespace):
        if libc.setns(namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def words(self, *words):
        """A command line that runs `words` on this host."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *map(str, words)]


class Network:
    """Hosts by name. Of each: `delay`, seconds that a packet takes to or from it; `loss`, the share of packets that
    do not arrive; `is_cut`, whether all are lost, as by a pulled cable. All may be changed at any time."""

    def __init__(self, names, seed=0):
        self.hosts = {name: Host(name, number) for number, name in enumerate(names, 1)}
        self.random = random.Random(seed)
        self.packets = self.lost = 0
        self._ends, self._bell = os.pipe()
        self._thread = threading.Thread(target=self._switch, daemon=True)
        self._thread.start()

    def __getitem__(self, name):
        return self.hosts[name]

    def _switch(self):
        by_tun = {host.tun: host for host in self.hosts.values()}
        by_address = {bytes(map(int, host.address.split("."))): host for host in self.hosts.values()}
        waiting, order = [], 0
        while True:
            pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select([*by_tun, self._ends], [], [], pause)
            if self._ends in ready:
                return
            for tun in ready:
                try:
                    packet = os.read(tun, 65536)
                except BlockingIOError:
                    continue
                source, target = by_tun[tun], by_address.get(packet[16:20])
                # IPv4 alone.
                if target is None or packet[0] >> 4 != 4:
                    continue
                self.packets += 1
                loss = 1 - (1 - source.loss) * (1 - target.loss)
                if source.is_cut or target.is_cut or (loss > 0 and self.random.random() < loss):
                    self.lost += 1
                    continue
                order += 1
                heapq.heappush(waiting, (time.monotonic() + source.delay + target.delay, order, target, packet))
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, target, packet = heapq.heappop(waiting)
                # What was on its way when the cable was pulled is lost too.
                if target.is_cut:
                    self.lost += 1
                    continue
                try:
                    os.write(target.tun, packet)
                except OSError:
                    self.lost += 1

    def close(self):
        os.close(self._bell)
        self._thread.join()
        os.close(self._ends)
        for host in self.hosts.values():
            os.close(host.tun)
            subprocess.run(["ip", "netns", "del", host.namespace], check=False)
