"""Sessions: what drives the stream protocol of each connection, whatever carries its frames.

``transport`` is what a carrier must do, ``connection`` drives one connection, ``sender`` sends to it, ``poll`` is a
reader that comes for one answer, ``registry`` knows all of a process and watches time and credentials for them. Does
not enter: what the frames mean (``protocol``), any one carrier (``http``).
"""
