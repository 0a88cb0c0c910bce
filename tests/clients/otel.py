"""Sends records by the OpenTelemetry SDK: otel.py grpc|http ENDPOINT COUNT [gzip].

Exits with 0 when every batch was answered with success. Each record has a body that names its
number and the address 10.1.2.3, severity ERROR, its own time, and attributes of all kinds.
"""

import sys
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

PROTOCOL, ENDPOINT, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
GZIP = "gzip" in sys.argv[4:]

if PROTOCOL == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

    options = {"insecure": True, "compression": Compression.Gzip if GZIP else None}
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    options = {"compression": Compression.Gzip if GZIP else Compression.NoCompression}


class Counted:
    """The exporter, with its results counted."""

    def __init__(self, inner):
        self.inner, self.failed, self.batches = inner, 0, 0

    def export(self, batch):
        result = self.inner.export(batch)
        self.batches += 1
        self.failed += getattr(result, "name", str(result)) != "SUCCESS"
        return result

    def __getattr__(self, name):
        return getattr(self.inner, name)


exporter = Counted(OTLPLogExporter(endpoint=ENDPOINT, **options))
resource = Resource.create(
    {"service.name": "checkout", "host.name": "web-1", "k8s.pod.name": "web-7f", "replicas": 3}
)
provider = LoggerProvider(resource=resource)
processor = BatchLogRecordProcessor(
    exporter, max_queue_size=max(COUNT, 512), max_export_batch_size=512, schedule_delay_millis=200
)
provider.add_log_record_processor(processor)
logger = provider.get_logger("shop.cart", "1.2")
for number in range(COUNT):
    logger.emit(
        LogRecord(
            timestamp=time.time_ns(),
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=f"payment {number} from 10.1.2.3 was refused",
            attributes={
                "client.address": "10.1.2.3",
                "order": number,
                "total": 1.5,
                "again": True,
                "items": ["a", "b"],
            },
        )
    )
flushed = provider.force_flush(60_000)
provider.shutdown()
print(f"{exporter.batches} batches, {exporter.failed} failed, flushed: {flushed}")
sys.exit(0 if flushed and exporter.batches and not exporter.failed else 1)
