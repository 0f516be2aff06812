"""What a worker decides, without threads, event loops, sockets or a clock of its own.

``core.py`` holds the one state machine; its neighbours each hold one subject it rules on.
``zeridion_flare._async.worker`` (and its generated twin) is the driver that gives it time,
answers and threads or tasks.
"""
