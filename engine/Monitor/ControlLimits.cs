using Engine.Monitor.JsonRpc;

namespace Engine.Monitor;

/// <summary>Times and sizes that keep one client from hurting another.</summary>
public sealed record ControlLimits
{
    /// <summary>Clients at a time.</summary>
    public int Clients { get; init; } = 64;

    /// <summary>Requests of one client without an answer; more are not read.</summary>
    public int Outstanding { get; init; } = 32;

    /// <summary>Bytes that a client may leave unread before it is dropped.</summary>
    public int Unread { get; init; } = 2 * MessageFramer.MaxMessage;

    /// <summary>Bytes that all clients together may take.</summary>
    public long Memory { get; init; } = 24 * MessageFramer.MaxMessage;

    /// <summary>How long half a message may stay half.</summary>
    public TimeSpan HalfMessage { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may read nothing of what waits for it.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// Memory that all clients together may make the master hold: buffers, and messages that are being answered. Far below
/// the limit that the supervisor sets for its heap, at which the master would end, and with it everybody's connection.
/// </summary>
/// <param name="bytes">All of it.</param>
public sealed class ControlBudget(long bytes)
{
    /// <summary>What every client has without asking, so that the greedy ones do not keep an ordinary request out.</summary>
    public const int Free = 16 * 1024;

    // The parser keeps 12 bytes for each value, and the shortest value has two with its comma.
    private const long ParsedPerByte = 8;

    private long _left = bytes;

    /// <summary>What a message of that length counts while it is answered.</summary>
    public static long WeightOf(int length) => Math.Max(0, length - Free) * ParsedPerByte;

    /// <summary>Takes <paramref name="count"/> if that is left.</summary>
    public bool TryTake(long count)
    {
        if (count > _left)
        {
            return false;
        }

        _left -= count;
        return true;
    }

    /// <summary>Gives back what was taken.</summary>
    public void Give(long count) => _left += count;
}
