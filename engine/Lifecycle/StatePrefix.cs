using System.Text.Json;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// The members of state.json that do not change, as the supervisor wants them (<see cref="SaveState"/>): JSON members
/// without braces, first those of the OCI state, then the engine's own.
/// </summary>
public sealed record StatePrefix(byte[] Oci, byte[] Own)
{
    /// <summary>Composes both parts.</summary>
    public static StatePrefix Of(CreateOrder order, string ociVersion, IReadOnlyDictionary<string, string> annotations, EngineState own)
    {
        byte[] oci = Members(json =>
        {
            json.WriteString("ociVersion", ociVersion);
            json.WriteString("id", order.Id);
            json.WriteString("bundle", order.Bundle);
            if (annotations.Count > 0)
            {
                json.WriteStartObject("annotations");
                foreach ((string key, string value) in annotations)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }
        });
        byte[] rest = Members(json =>
        {
            if (!order.Unmonitored)
            {
                json.WriteString("attachSocket", Path.Combine(order.StateDirectory, ContainerDirectory.AttachSocket));
                json.WriteString("controlSocket", Path.Combine(order.StateDirectory, ContainerDirectory.ControlSocket));
            }

            json.WritePropertyName("engine");
            EngineStateWriter.Write(json, own);
        });
        return new StatePrefix(oci, rest);
    }

    private static byte[] Members(Action<Utf8JsonWriter> write) => JsonText.Of(write)[1..^1];
}
