// The `minoots` client that the samples of 001 call. They need one method of it.
const create = async (timer) => {
  const response = await fetch(`${process.env.MINOOTS_URL}/timers`, {
    method: 'POST',
    headers: { 'x-api-key': process.env.MINOOTS_API_KEY },
    body: JSON.stringify(timer),
  });
  const answer = await response.json();
  if (!answer.success) throw new Error(answer.message);
  return answer.timer;
};

globalThis.minoots = { timers: { create } };
