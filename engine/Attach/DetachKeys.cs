using Engine.Diagnostics;

namespace Engine.Attach;

/// <summary>
/// The keys that leave a session without ending the container: <c>ctrl-p,ctrl-q</c> as podman and Docker write them. Elements
/// are single characters or <c>ctrl-</c> with one of a-z @ [ \ ] ^ _; empty means that there are none. Immutable.
/// </summary>
public sealed class DetachKeys
{
    private readonly byte[] _sequence;

    private DetachKeys(byte[] sequence) => _sequence = sequence;

    /// <summary>ctrl-p, ctrl-q.</summary>
    public static DetachKeys Default { get; } = new([0x10, 0x11]);

    /// <summary>None: nothing that is typed leaves the session.</summary>
    public static DetachKeys None { get; } = new([]);

    /// <summary>The bytes a terminal sends for the keys.</summary>
    public ReadOnlySpan<byte> Sequence => _sequence;

    /// <summary>Reads the option's text.</summary>
    /// <exception cref="UsageException"/>
    public static DetachKeys Parse(string text)
    {
        if (text.Length == 0)
        {
            return None;
        }

        string[] elements = text.Split(',');
        var sequence = new byte[elements.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            sequence[i] = Key(elements[i]) ?? throw new UsageException(
                $"--detach-keys: '{elements[i]}' is no key; use single characters or ctrl-X (X one of a-z @ [ \\ ] ^ _), separated by commas, or '' for none");
        }

        return new DetachKeys(sequence);
    }

    private static byte? Key(string element)
    {
        const string prefix = "ctrl-";
        if (element.Length == 1)
        {
            return element[0] is > ' ' and < (char)0x7f ? (byte)element[0] : null;
        }

        if (element.Length != prefix.Length + 1 || !element.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        // What a terminal sends with the control key: the low five bits.
        char key = element[^1];
        return key is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '@' or '[' or '\\' or ']' or '^' or '_' ? (byte)(key & 0x1f) : null;
    }
}

/// <summary>
/// Watches what is typed for the detach keys. A beginning of the sequence is held back until it is clear that it is none; what
/// is not part of the keys comes out unchanged and in order. One per session.
/// </summary>
public sealed class DetachFilter(DetachKeys keys)
{
    private int _held;

    /// <summary>
    /// Appends to <paramref name="output"/> what may be passed on. True when the keys were complete: what was typed behind them
    /// is dropped.
    /// </summary>
    public bool Feed(ReadOnlySpan<byte> input, List<byte> output)
    {
        var sequence = keys.Sequence;
        foreach (byte b in input)
        {
            if (sequence.Length == 0)
            {
                output.Add(b);
                continue;
            }

            Shift(sequence, b, output);
            if (_held == sequence.Length)
            {
                _held = 0;
                return true;
            }
        }

        return false;
    }

    /// <summary>The input has ended: what was held is input.</summary>
    public void End(List<byte> output)
    {
        output.AddRange(keys.Sequence[.._held]);
        _held = 0;
    }

    // The held bytes are the first _held of the sequence. With b behind them, the longest end that is again a beginning stays held.
    private void Shift(ReadOnlySpan<byte> sequence, byte b, List<byte> output)
    {
        while (sequence[_held] != b)
        {
            if (_held == 0)
            {
                output.Add(b);
                return;
            }

            int next = _held - 1;
            while (next > 0 && !sequence[(_held - next).._held].SequenceEqual(sequence[..next]))
            {
                next--;
            }

            output.AddRange(sequence[..(_held - next)]);
            _held = next;
        }

        _held++;
    }
}
