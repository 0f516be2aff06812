"""The one place that states the version; the user agent is made of it."""

__version__ = "0.2.0"

OPENAPI_DOC_VERSION = "1.0.0"
"""Version of the service's API document that the nine documented operations come from."""

USER_AGENT = f"aerostack-sdk-python/{__version__}"
