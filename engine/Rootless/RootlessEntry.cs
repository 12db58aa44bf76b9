using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Rootless;

/// <summary>
/// The way of an ordinary user's starter into a user namespace: one that is made for the container, one that its configuration names, or
/// that of a container that runs. Used once, between the starter's start and its launch record.
/// </summary>
public sealed class RootlessEntry : IDisposable
{
    private readonly NamespaceEntryKind _kind;
    private readonly SafeFd? _namespace;
    private readonly StarterMaps? _maps;
    private readonly Account _account = Account.Current;
    private readonly List<string> _warnings = [];

    private RootlessEntry(NamespaceEntryKind kind, SafeFd? user, StarterMaps? maps)
    {
        _kind = kind;
        _namespace = user;
        _maps = maps;
        Order = maps is null
            ? new RootlessOrder { IsConfigs = true }
            : OrderOf(maps.Uids, maps.Gids, maps.AreConfigs);
    }

    /// <summary>For who plans: as intended, and once the starter was led in as it is.</summary>
    public RootlessOrder Order { get; private set; }

    /// <summary>What will not work in the container, and why.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>For a new container.</summary>
    /// <param name="config">The bytes of config.json.</param>
    /// <exception cref="EngineException">The configuration cannot be read, or asks for ids that are not the caller's.</exception>
    public static RootlessEntry ForContainer(byte[] config)
    {
        LinuxSpec? linux = ConfigLoader.LoadRunnable(config, "config.json", HostNamespaces.Facts, out _).Linux;
        if (linux?.Namespace("user") is { IsJoined: true } joined)
        {
            return new RootlessEntry(NamespaceEntryKind.JoinAndMakeMounts, OpenUser(joined.Path!), null);
        }

        return Make(linux);
    }

    /// <summary>For nothing: to see whether there is a way in, and how many ids it gives.</summary>
    public static RootlessEntry ForTrial() => Make(null);

    /// <summary>For a process in a container: the namespace that its supervisor is root of, which is the outermost one that the caller made.</summary>
    /// <param name="pid">A process of the container.</param>
    /// <param name="makesMounts">The starter gets a mount namespace that belongs to that user namespace.</param>
    /// <exception cref="SyscallException">The process is gone, or not the caller's.</exception>
    public static RootlessEntry ForProcess(int pid, bool makesMounts = false) =>
        new(makesMounts ? NamespaceEntryKind.JoinAndMakeMounts : NamespaceEntryKind.Join, UserNamespaces.OutermostOf(pid), null);

    /// <summary>The namespace that is joined; null for one that is made.</summary>
    public SafeFd? Namespace => _namespace;

    /// <summary>Leads <paramref name="starter"/> in. Where it joins, a failure is told where the answer to the launch record is awaited.</summary>
    /// <exception cref="EngineException">No user namespace, or no maps for it.</exception>
    internal void Lead(StarterProcess starter, string purpose, string id, SafeFd image)
    {
        starter.SendEntry(_kind, purpose, id, image, _namespace);
        if (_maps is null)
        {
            return;
        }

        LaunchOutcome answer = starter.Receive(out SafeFd? nothing) ?? throw new EngineException("the starter ended without a word");
        nothing?.Dispose();
        if (answer.Kind != NamespaceEntry.WantsMaps)
        {
            throw new EngineException($"rootless: {answer.Error}");
        }

        Order = WriteMaps(starter.Pid, _maps);
        starter.SendMapped();
    }

    private static RootlessEntry Make(LinuxSpec? linux)
    {
        Account account = Account.Current;
        StarterMaps maps = StarterMaps.Choose(
            linux,
            account,
            MapTool.Users.IsPresent ? SubordinateIds.Read(SubordinateIds.UserFile, account) : [],
            MapTool.Groups.IsPresent ? SubordinateIds.Read(SubordinateIds.GroupFile, account) : []);
        return new RootlessEntry(NamespaceEntryKind.Make, null, maps);
    }

    /// <inheritdoc/>
    public void Dispose() => _namespace?.Dispose();

    private RootlessOrder WriteMaps(int pid, StarterMaps maps)
    {
        try
        {
            IdMapping[] uids = WriteMap(MapTool.Users, pid, maps.Uids, _account.Uid, "linux.uidMappings", maps.AreConfigs);
            bool vouched = !IdMap.IsSingle(maps.Gids, _account.Gid);
            if (!vouched)
            {
                MapTool.DenyGroups(pid);
            }

            IdMapping[] gids = WriteMap(MapTool.Groups, pid, maps.Gids, _account.Gid, "linux.gidMappings", maps.AreConfigs);
            if (!maps.AreConfigs && IdMap.Count(uids) == 1)
            {
                _warnings.Add(
                    $"uid {_account.Uid} is the only id in the container, as 0: processes of other users, files of others and supplementary groups do not work there; "
                    + $"ranges in {SubordinateIds.UserFile} and {SubordinateIds.GroupFile} with the package uidmap would give more");
            }

            return OrderOf(uids, gids, maps.AreConfigs);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"rootless: id maps: {error.Message}; 'engine doctor' tells what this machine allows", inner: error);
        }
    }

    private RootlessOrder OrderOf(IdMapping[] uids, IdMapping[] gids, bool areConfigs) => new()
    {
        Uids = RootlessOrder.Pack(uids),
        Gids = RootlessOrder.Pack(gids),
        DeniesGroups = IdMap.IsSingle(gids, _account.Gid),
        IsConfigs = areConfigs,
    };

    // A tool that cannot do its work (no set-uid bit in this image, a range that the file does not give) leaves the map unwritten.
    private IdMapping[] WriteMap(MapTool tool, int pid, IdMapping[] wanted, uint own, string jsonPath, bool required)
    {
        if (!IdMap.IsSingle(wanted, own))
        {
            if (tool.Run(pid, wanted) is not { } failure)
            {
                return wanted;
            }

            if (required)
            {
                throw new EngineException($"config.json: {jsonPath}: {failure}");
            }

            _warnings.Add(failure);
            if (tool == MapTool.Groups)
            {
                MapTool.DenyGroups(pid);
            }
        }

        tool.WriteSingle(pid, own);
        return IdMap.Single(own);
    }

    private static SafeFd OpenUser(string path)
    {
        try
        {
            return Files.Open(path, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"config.json: linux.namespaces: user namespace: {error.Message}", inner: error);
        }
    }
}
