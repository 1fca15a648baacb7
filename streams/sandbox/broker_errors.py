"""What can go wrong with the embedded broker, each as one sentence that says what to do.

Exception
└── BrokerError              any of the below; its text is fit for a person
    ├── FetchError           Kafka's jars or the Java runtime cannot be had
    ├── PortInUseError       another program listens on a port that the broker was told to use
    ├── DataDirectoryError   the data directory belongs to another broker, is in use, or is damaged
    └── StartError           the broker stopped, or was not ready in time, for any other reason
"""

from pathlib import Path


class BrokerError(Exception):
    """The embedded broker cannot do what was asked; the text says why and what to do."""


class FetchError(BrokerError):
    """Kafka's jars or the Java runtime cannot be had; check the network, the disk, or the installation."""


class PortInUseError(BrokerError):
    """Another program listens on the port; choose another port, or stop that program.

    Attributes:
        port: the TCP port on the loopback address.
    """

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is in use by another program: choose another port (0 picks a free one).")
        self.port = port


class DataDirectoryError(BrokerError):
    """The data directory cannot serve this broker; remove it to start afresh, or use another.

    Attributes:
        directory: the data directory.
    """

    def __init__(self, directory: Path, why: str) -> None:
        super().__init__(f"The broker's data in {directory} cannot be used: {why}")
        self.directory = directory


class StartError(BrokerError):
    """The broker stopped, or was not ready in time; its log, named in the text, says more."""
