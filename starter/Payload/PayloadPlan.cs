using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// The process plan of this process, and the argument and environment vectors made of it. Texts point into the mapping of the sealed
/// memfd, which lives until execve.
/// </summary>
internal static unsafe class PayloadPlan
{
    private const int Seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    private const int HomeBytes = 5 + PATH_MAX;

    private struct Vectors
    {
        public fixed ulong Args[Limits.ExecStrings + 1];
        // One more for HOME.
        public fixed ulong Env[Limits.ExecStrings + 2];
        public fixed uint Groups[Limits.Groups];
        public fixed byte Home[HomeBytes];
    }

    private static Vectors s_vectors;
    private static ProcessPlan s_plan;
    private static int s_args, s_env, s_groups;

    public static ref ProcessPlan Plan => ref s_plan;

    /// <summary>argv, ended by null.</summary>
    public static byte** Args
    {
        get
        {
            fixed (ulong* args = s_vectors.Args)
                return (byte**)args;
        }
    }

    /// <summary>envp, ended by null.</summary>
    public static byte** Env
    {
        get
        {
            fixed (ulong* env = s_vectors.Env)
                return (byte**)env;
        }
    }

    /// <summary>How many <see cref="Groups"/> there are.</summary>
    public static int GroupCount => s_groups;

    /// <summary>Supplementary groups.</summary>
    public static uint* Groups
    {
        get
        {
            fixed (uint* groups = s_vectors.Groups)
                return groups;
        }
    }

    public static bool Has(ProcessFlags flag) => ((ProcessFlags)s_plan.Flags & flag) != 0;

    /// <summary>Maps and reads the plan. Takes <paramref name="memfd"/> over.</summary>
    public static bool Load(int memfd)
    {
        if (memfd < 0)
            return Failure.Refuse("process plan"u8, "the message came without its descriptor"u8);
        bool done = Map(memfd, out byte* at, out int length) && Read(at, length) && ProcessRules.Permit(ref s_plan) && MakeVectors();
        Sys.close(memfd);
        return done;
    }

    /// <summary>The value of an environment variable, or null.</summary>
    public static byte* Variable(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < s_env; i++)
        {
            ReadOnlySpan<byte> entry = CString.Span(Env[i]);
            if (entry.Length > name.Length && entry[name.Length] == '=' && entry.StartsWith(name))
                return Env[i] + name.Length + 1;
        }

        return null;
    }

    /// <summary>Adds HOME=<paramref name="home"/> to the environment.</summary>
    public static void AddHome(ReadOnlySpan<byte> home)
    {
        fixed (byte* buffer = s_vectors.Home)
        {
            TextBuilder text = new TextBuilder(buffer, HomeBytes);
            text.Append("HOME="u8);
            text.Append(home);
            Env[s_env++] = text.Text;
            Env[s_env] = null;
        }
    }

    // Without the seals the sender could change what was checked, or shorten the file so that reading it is SIGBUS.
    private static bool Map(int memfd, out byte* at, out int length)
    {
        at = null;
        length = 0;
        int seals = Sys.fcntl(memfd, F_GET_SEALS, 0);
        if (seals < 0 || (seals & Seals) != Seals)
            return Failure.Refuse("process plan"u8, "not a sealed memory file"u8);
        stat status;
        int result = Sys.fstat(memfd, &status);
        if (result < 0)
            return Failure.Call("fstat"u8, "process plan"u8, result);
        if (status.st_size <= 0 || status.st_size > Limits.ProcessPlan)
            return Failure.Refuse("process plan"u8, "empty, or over the protocol's limit"u8);

        long mapped = Sys.mmap(null, (ulong)status.st_size, PROT_READ, MAP_PRIVATE, memfd, 0);
        if (mapped < 0 && mapped > -4096)
            return Failure.Call("mmap"u8, "process plan"u8, mapped);
        at = (byte*)mapped;
        length = (int)status.st_size;
        return true;
    }

    private static bool Read(byte* at, int length)
    {
        Codec c = Codec.Reader(at, length);
        s_plan.Fields(ref c);
        c.End();
        if (!c.Ok)
            return Failure.Refuse("process plan"u8, Wording.Of(c.Status));
        if (s_plan.Args.Count == 0 && !Has(ProcessFlags.Empty))
            return Failure.Refuse("process plan"u8, "no arguments"u8);
        if (s_plan.Cwd.IsEmpty || s_plan.Cwd.At[0] != '/')
            return Failure.Refuse("process plan"u8, s_plan.Cwd, "the working directory is not absolute"u8);
        return LimitTable.WellFormed(s_plan.Rlimits) || Failure.Refuse("process plan"u8, "rlimits are not five numbers each"u8);
    }

    private static bool MakeVectors()
    {
        s_args = List(s_plan.Args, Args);
        s_env = List(s_plan.Env, Env);
        for (int i = 0; i < s_env; i++)
        {
            ReadOnlySpan<byte> entry = CString.Span(Env[i]);
            if (entry.IndexOf((byte)'=') <= 0)
                return Failure.Refuse("process plan"u8, new Text(Env[i], entry.Length), "not NAME=VALUE in the environment"u8);
        }

        // An ordinary user keeps his groups: some of them may be there to deny him something.
        s_groups = Rules.Apply ? Caller.GroupCount : s_plan.Groups.Count;
        for (int i = 0; i < s_groups; i++)
            Groups[i] = Rules.Apply ? Caller.Groups[i] : s_plan.Groups[i];
        return true;
    }

    // The codec has checked number and terminators.
    private static int List(TextList list, byte** to)
    {
        int cursor = 0, count = 0;
        while (count < list.Count && list.Next(ref cursor, out Text element))
            to[count++] = element.At;
        to[count] = null;
        return count;
    }
}
