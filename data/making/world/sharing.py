"""Processes that train one model together, a core each: two threads of one process wait for each other too often."""

import os
import socket
from collections.abc import Callable, Sequence

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing


def together(count: int, work: Callable, *given) -> None:
    """Runs `work(*given)` in so many processes that can add up tensors; in this one alone where it is one.

    Raises what `work` raises, as torch.multiprocessing gives it back.
    """
    if count == 1:
        work(*given)
        return
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(_one, (count, port, work, given), nprocs=count)


def _one(rank: int, count: int, port: int, work: Callable, given: tuple) -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) >= count:
        os.sched_setaffinity(0, {cores[rank]})
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"tcp://localhost:{port}", rank=rank, world_size=count)
    try:
        work(*given)
    finally:
        distributed.destroy_process_group()


def size() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def add_up(tensors: Sequence[torch.Tensor]) -> None:
    """Puts the sum over all processes into each tensor."""
    if size() == 1:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    distributed.all_reduce(flat)
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def any_says(flag: bool) -> bool:
    """Whether one of the processes says so: clocks differ, and all have to stop at the same step."""
    said = torch.tensor([float(flag)])
    add_up([said])
    return bool(said)
