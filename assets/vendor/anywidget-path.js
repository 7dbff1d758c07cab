// Tells require.js where the widget manager finds anywidget: beside this file.
requirejs.config({ paths: { anywidget: new URL("anywidget", document.currentScript.src).href } });
