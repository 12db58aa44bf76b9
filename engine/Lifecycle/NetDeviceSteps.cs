using System.Buffers.Binary;
using Engine.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>linux.netDevices: moved by the supervisor once the container's network namespace is there, before any hook.</summary>
internal static class NetDeviceSteps
{
    // As the protocol has it: head, local, peer, broadcast.
    private const int WordsEach = 10;

    public static void Add(CreationPlan plan, PlanInput input)
    {
        if (input.Linux.NetDevices.Count == 0)
        {
            return;
        }

        List<NetworkAddress> addresses = NetworkAddresses.Permanent();
        foreach ((string name, NetDeviceSpec device) in input.Linux.NetDevices)
        {
            string newName = string.IsNullOrEmpty(device.Name) ? name : device.Name;
            string jsonPath = JsonPath.Property("linux.netDevices", name);
            // 0 for a device that is not there: the supervisor says so.
            uint index = NetworkAddresses.IndexOf(name);
            uint[] words = Words(addresses.Where(address => address.Index == index));
            // The stage's sysctls may name the device: it must be there before they are set.
            plan.Barrier(
                PlanServer.Host, "MoveNetDevice", $"{name} to {newName}, {words.Length / WordsEach} addresses", jsonPath,
                clients => clients.Host.MoveNetDevice(name, newName, words, jsonPath));
        }
    }

    private static uint[] Words(IEnumerable<NetworkAddress> addresses)
    {
        var words = new List<uint>();
        foreach (NetworkAddress address in addresses)
        {
            var row = new byte[WordsEach * 4];
            row[0] = address.Family;
            row[1] = address.PrefixLength;
            address.Local.CopyTo(row, 4);
            address.Peer.CopyTo(row, 20);
            address.Broadcast.CopyTo(row, 36);
            for (int i = 0; i < WordsEach; i++)
            {
                words.Add(BinaryPrimitives.ReadUInt32LittleEndian(row.AsSpan(i * 4)));
            }
        }

        return [.. words];
    }
}
