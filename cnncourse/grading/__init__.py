"""What judges an answer: kinds of answer, the sandbox they run in, verdicts and how they look.

`cnncourse.exercises` is written with it, `cnncourse.check` is the learner's door to both.
"""
