"""The About Resource: what this LRS is and speaks, told to everybody (Communication 2.8, 9274.1.1 4.1.6.7).

Lives here: that one answer. Does not enter: anything that needs a credential or the store. Only ``http`` touches the
world.
"""
