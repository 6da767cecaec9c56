using HoloZero.Peers;

namespace HoloZero.Benchmarks.Tests.Peers;

public class PeerMeasurementTests
{
    [Fact]
    public void Rates_and_times_are_medians_after_a_warm_up()
    {
        var clock = new Clock();
        var report = PeerMeasurement.Run(new Fake(clock), new PeerSizes(Tokens: 100, Prefill: 448, Rounds: 3), threads: 2, clock);
        // A step takes 2 ms a row, every tenth ten times as much, reading 1 ms a token; in the warm-up every call takes a second.
        Assert.Equal(2, report.MedianMilliseconds, 1e-9);
        Assert.Equal(20, report.P99Milliseconds, 1e-9);
        Assert.Equal(3.8, report.MeanMilliseconds, 1e-9);
        Assert.Equal(16 * 100 / (90 * 0.032 + 10 * 0.32), report.BatchTokensPerSecond, 1e-6);
        Assert.Equal(1000, report.PrefillTokensPerSecond, 1e-6);
        Assert.Equal(Enumerable.Range(0, 16), report.FirstTokens);
        Assert.Equal((2, 100, 448, 3, 16), (report.Threads, report.Tokens, report.PrefillTokens, report.Rounds, report.BatchRows));
    }

    [Fact]
    public void A_sequence_never_gets_more_tokens_than_it_was_given_room_for()
    {
        var peer = new Fake(new Clock());
        PeerMeasurement.Run(peer, new PeerSizes(Tokens: 16, Prefill: 16, Rounds: 1), 1, TimeProvider.System);
        Assert.True(peer.Fits);
    }

    private sealed class Clock : TimeProvider
    {
        public long Ticks { get; set; }

        public override long GetTimestamp() => Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }

    private sealed class Fake(Clock clock) : IPeer
    {
        private int _rows, _positions, _have, _steps, _clears;

        public bool Fits { get; private set; } = true;

        public IReadOnlyDictionary<string, string> Software { get; } = new Dictionary<string, string>();

        public void Clear(int rows, int positions)
        {
            (_rows, _positions, _have, _steps) = (rows, positions, 0, 0);
            _clears++;
        }

        public int Read(int[] prompt)
        {
            _have = prompt.Length + 1;
            Take(prompt.Length);
            return 0;
        }

        public int Step()
        {
            _have++;
            Take(2 * _rows * (++_steps % 10 == 0 ? 10 : 1));
            return _steps;
        }

        public void Dispose()
        {
        }

        private void Take(double milliseconds)
        {
            Fits &= _have <= _positions;
            clock.Ticks += _clears <= 3 ? TimeSpan.TicksPerSecond : (long)(milliseconds * TimeSpan.TicksPerMillisecond);
        }
    }
}
