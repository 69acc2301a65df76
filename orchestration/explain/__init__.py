"""Why a family was decided on as it was: the answer for a case officer, and the letter to the family."""
