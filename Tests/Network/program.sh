# What trials train: epochs whose loss names the trial's configuration and the epoch, with a checkpoint after each.
# program.sh TRIAL FROM TO X CHECKPOINT; what is about to be reported is written down first.
epoch=$2
[ "$epoch" -eq 0 ] || [ -e "$5/$epoch" ] || { echo "the checkpoint of epoch $epoch is gone"; exit 1; }
echo "began $1 $2" >>journal
while [ "$epoch" -lt "$3" ]; do
  epoch=$((epoch + 1))
  sleep 0.0$((1 + ($1 * 7 + epoch * 3) % 8))
  echo "said $1 $epoch" >>journal
  echo "{\"epoch\": $epoch, \"loss\": $(($4 * 1000 + epoch))}"
  : >"$5/$epoch"
  echo "{\"checkpoint\": \"$epoch\", \"epoch\": $epoch}"
done
