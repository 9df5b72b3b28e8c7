"""What things cost, always beside a peer that does the same in the same run. Not collected by pytest.

    python -m tests.benchmarks.window       process start to first painted window | a bare QMainWindow
    python -m tests.benchmarks.listing      100,000 objects into the real window  | boto3 without a window
    python -m tests.benchmarks.transfers    2,000 small files, one large one      | boto3's transfer manager
    python -m tests.benchmarks.library      request, page, object, signature      | boto3, botocore

Each prints a table and what it ran on. Seconds depend on the machine and on who else uses it; ratios do much
less, so a ratio is what to compare. Numbers are promised nowhere else: a test that measures time fails on
somebody's slow day.
"""
