# The app of the demo: says where it is.
echo "$GREETING from pod $(hostname)"
echo "user $(id -u), processes: $(ls -d /proc/[0-9]* | wc -l), root: $(ls -m /)"
