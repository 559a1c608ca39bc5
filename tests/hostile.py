"""A name that is markup wherever somebody forgets that names are text."""

HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">'&quot;"
