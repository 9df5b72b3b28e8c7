"""Stories: the started application, driven from outside by a real mouse and keyboard, checked by the vendors'
SDKs.
"""
