using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// startContainer hooks: kept as they came, run in the container's root when Start comes, before the payload's identity is set.
/// </summary>
internal static unsafe class StartHooks
{
    private struct Table
    {
        public fixed ulong Frames[Limits.StartHooks];
        public fixed int Lengths[Limits.StartHooks];
    }

    private static Table s_table;
    private static int s_count;

    /// <summary>AddStartHook: checks the request in hand and keeps a copy of its frame.</summary>
    public static bool Add(ref RpcServer server)
    {
        RunHook hook = default;
        if (!server.Params(ref hook))
            return false;
        if (s_count == Limits.StartHooks)
            return Failure.Refuse("hook"u8, hook.Path, "too many startContainer hooks"u8);

        long copy = Sys.mmap(null, Limits.Frame, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (copy < 0 && copy > -4096)
            return Failure.Call("mmap"u8, copy);
        Buffer.MemoryCopy(server.Inbox.Buffer, (void*)copy, Limits.Frame, server.Inbox.Length);
        s_table.Frames[s_count] = (ulong)copy;
        s_table.Lengths[s_count] = server.Inbox.Length;
        s_count++;
        return true;
    }

    /// <summary>Runs them in their order; the first that fails ends the start.</summary>
    public static bool Run()
    {
        for (int i = 0; i < s_count; i++)
        {
            Codec body = Codec.Reader((byte*)s_table.Frames[i], s_table.Lengths[i]);
            RunHook hook = default;
            if (!Frame.Open(ref body, out Frame _))
                return Failure.Refuse("hook"u8, Wording.Of(body.Status));
            hook.Fields(ref body);
            if (!body.Ok)
                return Failure.Refuse("hook"u8, Wording.Of(body.Status));
            if (!ContainerHooks.Run(ref hook))
                return Name(i);
        }

        return true;
    }

    // Only its number tells which of the config's hooks it was, and the one who asked for the start sent none of them.
    private static bool Name(int index)
    {
        byte* buffer = stackalloc byte[Limits.Name];
        TextBuilder text = new TextBuilder(buffer, Limits.Name);
        text.Append("config.json: hooks.startContainer["u8);
        text.AppendDecimal(index);
        text.Append("]: hook"u8);
        return Failure.SetOperation(text.Span);
    }
}
