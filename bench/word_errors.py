"""What was lost between what was said and what was heard."""
import re


def units(text, language):
    """What is counted: characters of Chinese, words of English."""
    text = text.lower().replace("’", "'")
    return re.findall(r"[\u4e00-\u9fffa-z0-9]", text) if language == "zh" else re.findall(r"[a-z0-9']+", text)


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
