// peer.js SOCKET: a JSON-RPC client by vscode-jsonrpc. Each line of stdin is an order, carried out without waiting for earlier ones:
//   {"call": METHOD}  {"call": METHOD, "object": {...}}  {"call": METHOD, "array": [...]}  {"notify": METHOD}
// stdout has a line for each answer ({"call", "result"} or {"call", "error": {code, message, data}}) and for each notification
// ({"notification", "params"}), and {"closed": true} at the end.
const net = require('node:net');
const readline = require('node:readline');
const rpc = require('vscode-jsonrpc/node');

const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');

const socket = net.createConnection(process.argv[2], () => {
  const connection = rpc.createMessageConnection(new rpc.SocketMessageReader(socket), new rpc.SocketMessageWriter(socket));
  connection.onNotification((method, params) => say({ notification: method, params }));
  connection.onClose(() => say({ closed: true }));
  connection.onError((error) => say({ failure: String(error) }));
  connection.listen();

  const orders = readline.createInterface({ input: process.stdin });
  orders.on('line', async (line) => {
    const order = JSON.parse(line);
    if (order.notify) {
      await connection.sendNotification(order.notify);
      return;
    }
    const call = order.call;
    try {
      const sent = order.array
        ? connection.sendRequest(call, rpc.ParameterStructures.byPosition, ...order.array)
        : order.object
          ? connection.sendRequest(call, rpc.ParameterStructures.byName, order.object)
          : connection.sendRequest(call);
      say({ call, result: await sent });
    } catch (error) {
      say({ call, error: { code: error.code, message: error.message, data: error.data } });
    }
  });
  orders.on('close', () => connection.end());
});
socket.on('error', (error) => { say({ failure: String(error) }); process.exit(1); });
