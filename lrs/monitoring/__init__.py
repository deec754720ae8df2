"""What an operator looks at: health, metrics, the log of requests, and advice about a store and its settings.

``catalogue`` names every metric, ``readings`` takes the numbers of one process off its engine, ``exposition`` puts
those of all processes into the words of Prometheus; ``facts`` and ``advice`` are for ``lrs check``. ``files`` looks at
the disk, ``service`` puts things together, ``http`` serves them. Does not enter: secrets, learner data, and any text
without bound that came from outside.
"""
