"""The core on PySpark, local[2]: the SQL over views of the Parquet files.

What is read more than once is written to Parquet: cached instead, the plans nest until planning alone takes longer than
ten minutes, with 20,000 families.
"""

import os
import shutil

from benchmarks.peers.sql import SPARK, queries
from benchmarks.peers.task import COLUMNS, THREADS, Task


def run(task: Task) -> None:
    """Write the results of the core. Raises RuntimeError where there is no Java."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise RuntimeError("Spark needs Java 17: install openjdk-17-jre-headless, or leave the engine out")
    settings = {
        "spark.master": f"local[{THREADS}]",
        "spark.driver.memory": f"{task.engine_memory_mb}m",
        "spark.sql.shuffle.partitions": str(_partitions(task)),
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.ui.enabled": "false",
    }
    own = {
        "spark.local.dir": str(task.folder / "spilled"),
        "spark.sql.warehouse.dir": str(task.folder / "warehouse"),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
    }
    with task.phase("start"):
        import pyspark
        from pyspark.sql import SparkSession

        session = SparkSession.builder.config(map={**settings, **own}).getOrCreate()
        task.told |= {"version": pyspark.__version__, "settings": settings}
    with task.phase("core"):
        for source, columns in COLUMNS.items():
            session.read.parquet(*task.files(source)).select(*columns).createOrReplaceTempView(source)
        for query in queries(task.rules, SPARK):
            frame = session.sql(query.text)
            if query.kind != "view":
                path = str(task.folder / f"{query.name}.parquet")
                frame.write.parquet(path)
                frame = session.read.parquet(path)
            frame.createOrReplaceTempView(query.name)
    session.stop()


def _partitions(task: Task) -> int:
    """Two for each thread, or one for every 16 MB of delivered persons, as these take 100 MB and more in memory."""
    persons = sum(os.path.getsize(file) for file in task.files("dtsen_individu"))
    return max(2 * THREADS, persons // 16_000_000)
