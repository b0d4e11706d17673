# The app of the demo: says where it is.
echo "$GREETING from pod $(hostname)"
set -- /proc/[0-9]*
echo "user $(id -u), $# processes, in /:" /*
